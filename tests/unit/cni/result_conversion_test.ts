import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import {
  type Dns,
  type IpConfig,
  NO_DNS,
  type Result,
  type Route,
} from "../../../lib/cni/result.ts";
import { formatResult } from "../../../lib/cni/result_conversion.ts";
import { SUPPORTED_VERSIONS } from "../../../lib/cni/spec_version.ts";
import { type Cidr, parseCidr } from "../../../lib/net/cidr.ts";
import {
  type IpAddress,
  lastValue,
  parseIpAddress,
} from "../../../lib/net/ip_address.ts";

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert(parsed !== undefined, text);
  return parsed;
}

function address(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  assert(parsed !== undefined, text);
  return parsed;
}

function ip(text: string, gateway?: string): IpConfig {
  return {
    address: cidr(text),
    ...(gateway === undefined ? {} : { gateway: address(gateway) }),
  };
}

function result(parts: Partial<Result>): Result {
  return { ips: [], routes: [], dns: NO_DNS, ...parts };
}

const V4 = ip("10.1.2.2/24", "10.1.2.1");
const V6 = ip("2001:db8:1::2/64", "2001:db8:1::1");
const EVERY_KEY: Route = {
  dst: cidr("192.168.1.7/16"),
  gw: address("1.1.1.1"),
  mtu: 1400,
  advmss: 1360,
  priority: 100,
  table: 0,
  scope: 253,
};
const ROUTES: readonly Route[] = [{ dst: cidr("0.0.0.0/0") }, EVERY_KEY];
const DNS: Dns = {
  nameservers: ["192.0.2.3"],
  domain: "a.example",
  search: ["x.example"],
  options: ["ndots:5"],
};

// Literal documents of upstream; VERSION stands for the requested version.
const V02 = ["0.1.0", "0.2.0"] as const;
const V04 = ["0.3.0", "0.3.1", "0.4.0"] as const;
const V1 = ["1.0.0", "1.1.0"] as const;

const DOCUMENTS = [
  {
    name: "dual stack, no routes, no dns",
    versions: V02,
    result: result({ ips: [V4, V6] }),
    want: `{
    "cniVersion": "VERSION",
    "ip4": {
        "ip": "10.1.2.2/24",
        "gateway": "10.1.2.1"
    },
    "ip6": {
        "ip": "2001:db8:1::2/64",
        "gateway": "2001:db8:1::1"
    },
    "dns": {}
}`,
  },
  {
    name: "routes by family, other keys lost, dns in full",
    versions: V02,
    result: result({
      ips: [V6, V4, ip("10.9.9.9/8")],
      routes: [...ROUTES, { dst: cidr("::/0"), gw: address("fe80::1") }],
      dns: DNS,
    }),
    want: `{
    "cniVersion": "VERSION",
    "ip4": {
        "ip": "10.1.2.2/24",
        "gateway": "10.1.2.1",
        "routes": [
            {
                "dst": "0.0.0.0/0"
            },
            {
                "dst": "192.168.1.7/16",
                "gw": "1.1.1.1"
            }
        ]
    },
    "ip6": {
        "ip": "2001:db8:1::2/64",
        "gateway": "2001:db8:1::1",
        "routes": [
            {
                "dst": "::/0",
                "gw": "fe80::1"
            }
        ]
    },
    "dns": {
        "nameservers": [
            "192.0.2.3"
        ],
        "domain": "a.example",
        "search": [
            "x.example"
        ],
        "options": [
            "ndots:5"
        ]
    }
}`,
  },
  {
    name: "a route whose family has no address is dropped",
    versions: V02,
    result: result({
      ips: [ip("10.1.2.2/24")],
      routes: [{ dst: cidr("::/0") }, {}],
    }),
    want: `{
    "cniVersion": "VERSION",
    "ip4": {
        "ip": "10.1.2.2/24"
    },
    "dns": {}
}`,
  },
  {
    name: "a route without destination counts as IPv6",
    versions: V02,
    result: result({ ips: [V4, V6], routes: [{ gw: address("fe80::1") }] }),
    want: `{
    "cniVersion": "VERSION",
    "ip4": {
        "ip": "10.1.2.2/24",
        "gateway": "10.1.2.1"
    },
    "ip6": {
        "ip": "2001:db8:1::2/64",
        "gateway": "2001:db8:1::1",
        "routes": [
            {
                "dst": "\\u003cnil\\u003e",
                "gw": "fe80::1"
            }
        ]
    },
    "dns": {}
}`,
  },
  {
    name: "routes with every key",
    versions: V04,
    result: result({ ips: [V4], routes: ROUTES }),
    want: `{
    "cniVersion": "VERSION",
    "ips": [
        {
            "version": "4",
            "address": "10.1.2.2/24",
            "gateway": "10.1.2.1"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0"
        },
        {
            "dst": "192.168.1.7/16",
            "gw": "1.1.1.1",
            "mtu": 1400,
            "advmss": 1360,
            "priority": 100,
            "table": 0,
            "scope": 253
        }
    ],
    "dns": {}
}`,
  },
  {
    name: "dual stack in the order given, dns in full, no routes",
    versions: V04,
    result: result({ ips: [V6, ip("10.1.2.2/31")], dns: DNS }),
    want: `{
    "cniVersion": "VERSION",
    "ips": [
        {
            "version": "6",
            "address": "2001:db8:1::2/64",
            "gateway": "2001:db8:1::1"
        },
        {
            "version": "4",
            "address": "10.1.2.2/31"
        }
    ],
    "dns": {
        "nameservers": [
            "192.0.2.3"
        ],
        "domain": "a.example",
        "search": [
            "x.example"
        ],
        "options": [
            "ndots:5"
        ]
    }
}`,
  },
  {
    name:
      "a route without destination; zero counts as empty for three keys only",
    versions: V04,
    result: result({
      ips: [V4],
      routes: [{ mtu: 0, advmss: 0, priority: 0, table: 0, scope: 0 }],
    }),
    want: `{
    "cniVersion": "VERSION",
    "ips": [
        {
            "version": "4",
            "address": "10.1.2.2/24",
            "gateway": "10.1.2.1"
        }
    ],
    "routes": [
        {
            "dst": "\\u003cnil\\u003e",
            "table": 0,
            "scope": 0
        }
    ],
    "dns": {}
}`,
  },
  {
    name: "routes with every key and dns",
    versions: V1,
    result: result({ ips: [V4], routes: ROUTES, dns: DNS }),
    want: `{
    "cniVersion": "VERSION",
    "dns": {
        "domain": "a.example",
        "nameservers": [
            "192.0.2.3"
        ],
        "options": [
            "ndots:5"
        ],
        "search": [
            "x.example"
        ]
    },
    "ips": [
        {
            "address": "10.1.2.2/24",
            "gateway": "10.1.2.1"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0"
        },
        {
            "advmss": 1360,
            "dst": "192.168.1.7/16",
            "gw": "1.1.1.1",
            "mtu": 1400,
            "priority": 100,
            "scope": 253,
            "table": 0
        }
    ]
}`,
  },
  {
    name: "dual stack, no gateway, no routes, no dns",
    versions: V1,
    result: result({ ips: [ip("10.1.2.2/31"), V6] }),
    want: `{
    "cniVersion": "VERSION",
    "ips": [
        {
            "address": "10.1.2.2/31"
        },
        {
            "address": "2001:db8:1::2/64",
            "gateway": "2001:db8:1::1"
        }
    ]
}`,
  },
  {
    name: "negative numbers are printed",
    versions: V1,
    result: result({
      ips: [ip("10.1.2.2/24")],
      routes: [{ dst: cidr("10.0.0.0/8"), mtu: -1, advmss: -2, priority: -3 }],
    }),
    want: `{
    "cniVersion": "VERSION",
    "ips": [
        {
            "address": "10.1.2.2/24"
        }
    ],
    "routes": [
        {
            "advmss": -2,
            "dst": "10.0.0.0/8",
            "mtu": -1,
            "priority": -3
        }
    ]
}`,
  },
  {
    name: "dns with a domain alone",
    versions: V1,
    result: result({ dns: { ...NO_DNS, domain: "a.example" } }),
    want: `{
    "cniVersion": "VERSION",
    "dns": {
        "domain": "a.example"
    }
}`,
  },
  {
    name: "dns with a search list alone",
    versions: V04,
    result: result({ dns: { ...NO_DNS, search: ["<a>"] } }),
    want: `{
    "cniVersion": "VERSION",
    "dns": {
        "search": [
            "\\u003ca\\u003e"
        ]
    }
}`,
  },
] as const;

for (const { name, versions, result: given, want } of DOCUMENTS) {
  for (const version of versions) {
    Deno.test(`formatResult() ${version}: ${name}`, () => {
      assertEquals(
        formatResult(given, version),
        want.replace("VERSION", version),
      );
    });
  }
}

const anyAddress: fc.Arbitrary<IpAddress> = fc.constantFrom(
  4 as const,
  6 as const,
)
  .chain((family) =>
    fc.bigInt({ min: 0n, max: lastValue(family) })
      .map((value) => ({ family, value }))
  );
const anyCidr = fc.record({
  address: anyAddress,
  prefixLength: fc.nat({ max: 32 }),
});
const anyResult: fc.Arbitrary<Result> = fc.record({
  ips: fc.array(
    fc.record({ address: anyCidr, gateway: anyAddress }, {
      requiredKeys: ["address"],
    }),
    { maxLength: 4 },
  ),
  routes: fc.array(
    fc.record({
      dst: anyCidr,
      gw: anyAddress,
      mtu: fc.integer(),
      table: fc.integer(),
    }, { requiredKeys: [] }),
    { maxLength: 4 },
  ),
  dns: fc.record({
    nameservers: fc.array(fc.string()),
    domain: fc.string(),
    search: fc.array(fc.string()),
    options: fc.array(fc.string()),
  }),
});

for (const version of SUPPORTED_VERSIONS) {
  Deno.test(`formatResult() ${version} is one JSON object of that version`, () => {
    fc.assert(fc.property(anyResult, (given) => {
      const document = new JsonObject(
        JSON.parse(formatResult(given, version)),
        "",
      );
      assertEquals(document.string("cniVersion"), version);
    }));
  });
}
