import { assertEquals } from "@std/assert";
import {
  joinPaths,
  readConfigDocument,
} from "../../../lib/cni/config_document.ts";
import { testRows } from "../../support/rows.ts";

const IPAM = { type: "host-local" };

function definition(config: unknown, name = "nad"): unknown {
  return {
    kind: "NetworkAttachmentDefinition",
    metadata: { name },
    spec: { config },
  };
}

/** Where the document has configurations, with their names, versions and IPAM types. */
function configsIn(text: string): unknown {
  return readConfigDocument(text).configs.map(({ path, json, ipamType }) => [
    path,
    json["name"],
    json["cniVersion"],
    ipamType,
  ]);
}

testRows("readConfigDocument() finds", [
  {
    name: "a configuration",
    value: { name: "net", cniVersion: "1.0.0", ipam: IPAM },
    want: [["", "net", "1.0.0", "host-local"]],
  },
  {
    name: "the plugins of a list, with name and version of the list",
    value: {
      name: "net",
      cniVersion: "1.0.0",
      plugins: [{ ipam: IPAM, name: "own" }, { type: "portmap" }],
    },
    want: [
      ["plugins[0]", "net", "1.0.0", "host-local"],
      ["plugins[1]", "net", "1.0.0", ""],
    ],
  },
  {
    name: "the configuration in a definition, with its name",
    value: definition(JSON.stringify({ name: "net", ipam: IPAM })),
    want: [["spec.config", "net", undefined, "host-local"]],
  },
  {
    name:
      "a configuration without a name in a definition, with that of the definition",
    value: definition(JSON.stringify({ ipam: IPAM })),
    want: [["spec.config", "nad", undefined, "host-local"]],
  },
  {
    name: "a list of plugins in a definition",
    value: definition(JSON.stringify({ name: "n", plugins: [{ ipam: IPAM }] })),
    want: [["spec.config:plugins[0]", "n", undefined, "host-local"]],
  },
  {
    name: "the definitions of a list",
    value: {
      kind: "List",
      items: [
        definition(JSON.stringify({ ipam: IPAM }), "a"),
        definition(JSON.stringify({ ipam: { type: "dhcp" } }), "b"),
      ],
    },
    want: [
      ["items[0].spec.config", "a", undefined, "host-local"],
      ["items[1].spec.config", "b", undefined, "dhcp"],
    ],
  },
  {
    name: "a configuration without ipam",
    value: { name: "net", type: "loopback" },
    want: [["", "net", undefined, ""]],
  },
  {
    name: "a configuration whose ipam is of another type",
    value: { name: "net", ipam: 5 },
    want: [["", "net", undefined, ""]],
  },
], ({ value, want }) => {
  assertEquals(configsIn(JSON.stringify(value)), want);
  assertEquals(readConfigDocument(JSON.stringify(value)).problems, []);
});

testRows("readConfigDocument() reports", [
  { name: "text that is not JSON", text: "{", want: ["", ""] },
  {
    name: "YAML",
    text: "apiVersion: v1\nkind: List\n",
    want: [
      "",
      "this looks like YAML; convert it to JSON first: kubectl get -o json, or yq -o json",
    ],
  },
  {
    name: "another value than an object",
    text: "[1]",
    want: ["", "write an object"],
  },
  {
    name: "a list without plugins",
    text: '{"plugins": []}',
    want: ["plugins", "write at least one plugin"],
  },
  {
    name: "plugins of another type",
    text: '{"plugins": {}}',
    want: ["plugins", "write a list"],
  },
  {
    name: "a plugin of another type",
    text: '{"plugins": [{"type": "x"}, 5]}',
    want: ["plugins[1]", "write an object"],
  },
  {
    name: "a definition without a configuration",
    text: JSON.stringify(definition("")),
    want: [
      "spec.config",
      "write the configuration as a JSON string under spec.config",
    ],
  },
  {
    name: "a definition whose configuration is not JSON",
    text: JSON.stringify(definition("{")),
    want: ["spec.config", ""],
  },
  {
    name: "a problem inside a definition",
    text: JSON.stringify(definition('{"plugins": 1}')),
    want: ["spec.config:plugins", "write a list"],
  },
  {
    name: "a list inside a list",
    text: '{"items": [{"items": [{"items": []}]}]}',
    want: ["items[0]", ""],
  },
], ({ text, want }) => {
  const { problems } = readConfigDocument(text);
  assertEquals(problems.map(({ path, advice }) => [path, advice]), [want]);
});

testRows("joinPaths() joins", [
  { name: "nothing and a path", outer: "", inner: "ipam.x", want: "ipam.x" },
  {
    name: "a path and nothing",
    outer: "plugins[0]",
    inner: "",
    want: "plugins[0]",
  },
  {
    name: "two paths",
    outer: "plugins[0]",
    inner: "ipam.x",
    want: "plugins[0].ipam.x",
  },
  {
    name: "the name of a list",
    outer: "plugins[1]",
    inner: "name",
    want: "name",
  },
  {
    name: "the version of a list",
    outer: "plugins[1]",
    inner: "cniVersion",
    want: "cniVersion",
  },
  {
    name: "a path inside a text",
    outer: "spec.config",
    inner: "ipam",
    want: "spec.config:ipam",
  },
  {
    name: "a plugin inside a text",
    outer: "spec.config:plugins[0]",
    inner: "ipam",
    want: "spec.config:plugins[0].ipam",
  },
  {
    name: "the name of a list inside a text",
    outer: "spec.config:plugins[0]",
    inner: "name",
    want: "spec.config:name",
  },
], ({ outer, inner, want }) => {
  assertEquals(joinPaths(outer, inner), want);
});
