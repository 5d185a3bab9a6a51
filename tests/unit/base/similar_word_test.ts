import { assertEquals } from "@std/assert";
import { similarWord } from "../../../lib/base/similar_word.ts";
import { testRows } from "../../support/rows.ts";

const KNOWN = ["subnet", "rangeStart", "rangeEnd", "gateway", "mtu"];

testRows("similarWord() finds", [
  { name: "an inserted letter", word: "subnnet", want: "subnet" },
  { name: "a missing letter", word: "gatway", want: "gateway" },
  { name: "a replaced letter", word: "subnat", want: "subnet" },
  { name: "two exchanged letters", word: "rangeSatrt", want: "rangeStart" },
  { name: "another case", word: "RANGEEND", want: "rangeEnd" },
  { name: "the nearest of two", word: "rangeEnds", want: "rangeEnd" },
  { name: "nothing for another word", word: "broadcast", want: undefined },
  {
    name: "nothing if half of a short word differs",
    word: "ab",
    want: undefined,
  },
  { name: "nothing for an empty word", word: "", want: undefined },
], ({ word, want }) => {
  assertEquals(similarWord(word, KNOWN), want);
});
