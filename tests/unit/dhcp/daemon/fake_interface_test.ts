import { testRows } from "../../../support/rows.ts";
import { INTERFACE_CONTRACT } from "./attached_interface_contract.ts";
import { FakeInterfaces } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";

const PATH = "/ns/a";

testRows("fake interface:", INTERFACE_CONTRACT, async ({ run }) => {
  const scheduler = new FakeScheduler();
  const interfaces = new FakeInterfaces({ scheduler, onSend: () => {} });
  interfaces.add(PATH, "1");
  await run({
    interfaces,
    netnsPath: PATH,
    removeInterface: () => interfaces.at(PATH)?.remove(),
    renameInterface: (name) => interfaces.at(PATH)?.set({ name }),
    replaceInterface: () => {
      interfaces.at(PATH)?.remove();
      interfaces.add(PATH, "1");
    },
    removeNamespace: () => interfaces.removeNamespace(PATH),
    replaceNamespace: () => {
      interfaces.removeNamespace(PATH);
      interfaces.add(PATH, "2");
    },
    serve: (message) => interfaces.at(PATH)?.deliver(message),
    until: async (what, condition) => {
      await scheduler.advance(1000);
      if (!condition()) throw new Error(`No ${what}`);
    },
  });
});
