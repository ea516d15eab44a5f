// What the driver must know of ts-mls 1.6.4.
import { TsMlsMember } from "./ts_mls.mjs";

export const peer = {
  Member: TsMlsMember,
  name: (n) => `t${n}`,
  proposals: true,
  joinsExternally: true,
  // It wants equal lists of unmerged leaves up the whole path, so it refuses valid trees on joining.
  knownDefect: (what, e) =>
    (what === "join" || what === "external join") && /unmerged_leaves/.test(e.message)
      ? "ts-mls demands equal unmerged_leaves when it joins" : undefined,
};
