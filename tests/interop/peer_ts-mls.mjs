// What the driver must know of ts-mls 1.6.4.
import { TsMlsMember } from "./ts_mls.mjs";

// It derives the commit secret at the root even where the root is blank because nobody is left below
// its other child (RFC 9420 sections 7.4 and 7.5: from the last node of the filtered direct path).
const removalDefect = (leaves) => {
  const half = 2 ** Math.ceil(Math.log2(Math.max(...leaves) + 1)) / 2;
  return half >= 1 && Math.min(...leaves) >= half
    ? "a tree whose left half is blank (ts-mls takes the commit secret from the root)" : undefined;
};

export const peer = {
  Member: TsMlsMember,
  name: (n) => `t${n}`,
  proposals: true,
  joinsExternally: true,
  removalDefect,
  // It wants equal lists of unmerged leaves up the whole path, so it refuses valid trees on joining.
  knownDefect: (what, e) =>
    (what === "join" || what === "external join") && /unmerged_leaves/.test(e.message)
      ? "ts-mls demands equal unmerged_leaves when it joins" : undefined,
};
