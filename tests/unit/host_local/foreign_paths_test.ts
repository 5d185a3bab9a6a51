import { assertEquals } from "@std/assert";
import { relativePathIn } from "../../../lib/host_local/foreign_paths.ts";
import { testRows } from "../../support/rows.ts";

testRows("relativePathIn() finds, with", [
  {
    name: "a relative dataDir",
    stdin: '{"ipam":{"dataDir":"data"}}',
    want: "dataDir is relative",
  },
  {
    name: "a dataDir that begins with a dot",
    stdin: '{"ipam":{"dataDir":"./data"}}',
    want: "dataDir is relative",
  },
  {
    name: "a relative resolvConf",
    stdin: '{"ipam":{"dataDir":"/data","resolvConf":"resolv.conf"}}',
    want: "resolvConf is relative",
  },
  {
    name: "absolute paths",
    stdin: '{"ipam":{"dataDir":"/data","resolvConf":"/etc/resolv.conf"}}',
    want: undefined,
  },
  {
    name: "empty paths, which are the defaults",
    stdin: '{"ipam":{"dataDir":"","resolvConf":""}}',
    want: undefined,
  },
  { name: "no paths", stdin: '{"ipam":{}}', want: undefined },
  { name: "no ipam", stdin: "{}", want: undefined },
  { name: "a wrong type", stdin: '{"ipam":{"dataDir":1}}', want: undefined },
  { name: "another ipam", stdin: '{"ipam":[]}', want: undefined },
  { name: "an array", stdin: "[]", want: undefined },
  { name: "no JSON", stdin: "dataDir", want: undefined },
  { name: "nothing", stdin: "", want: undefined },
], ({ stdin, want }) => assertEquals(relativePathIn(stdin), want));
