/** Message bodies that several tests of netlink decode. @module */

/** An RTM_NEWLINK about the veth interface eth0, up and with carrier. */
export const LINK = `
  00 00 0100 02000000 43100100 00000000
  0900 0300 65746830 00 000000   // IFLA_IFNAME eth0
  0a00 0100 02005e100001 0000    // IFLA_ADDRESS
  0a00 0200 ffffffffffff 0000    // IFLA_BROADCAST
  0800 0400 dc050000             // IFLA_MTU 1500
  1000 1280                      // IFLA_LINKINFO, nested
    0900 0100 76657468 00 000000 // IFLA_INFO_KIND veth`;
