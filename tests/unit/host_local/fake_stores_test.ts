import { FakeStores } from "./fake_stores.ts";
import { testStoreContract } from "./store_contract.ts";

testStoreContract("FakeStores", (files) => {
  const store = new FakeStores({ files });
  return {
    store,
    files: () => Object.fromEntries(store.files),
    [Symbol.dispose]: () => {},
  };
});
