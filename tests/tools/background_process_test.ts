/** Programs that tests and demonstrations run beside themselves. @module */

import { assertRejects } from "@std/assert";
import { BackgroundProcess } from "../../tools/lab/background_process.ts";
import { TempDir } from "../support/temp_dir.ts";

Deno.test("BackgroundProcess.start() fails with the command and its log if the program ends", async () => {
  using dir = new TempDir();
  await assertRejects(
    () =>
      BackgroundProcess.start(["sh", "-c", "echo no such option"], {
        logFile: dir.join("log"),
        ready: "serving",
      }),
    Error,
    'Cannot start "sh -c echo no such option":\nno such option\n',
  );
});
