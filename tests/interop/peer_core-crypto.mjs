// What the driver must know of core-crypto 10.3.0 (OpenMLS): handshakes are PublicMessages, there is
// no authenticated data, and a basic identity has the form "uuid:device@domain".
import { CoreCryptoMember } from "./core_crypto.mjs";

const name = (n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}:${(n + 1).toString(16)}@huecry.test`;

// OpenMLS shrinks and grows its tree within one commit, and what lay in the part cut off comes back
// (openmls issue 1794, mended there for Add but not for an external committer). It happens when only
// the leaf removed lay in the right half, the left half is full, and the joiner lands further left.
const resyncDefect = (leaves, own) => {
  const half = leaves.length - 1;
  const rest = leaves.filter((leaf) => leaf !== own);
  const full = half > 0 && Number.isInteger(Math.log2(half)) && Math.max(...rest) === half - 1;
  return full && own > half ? "resync that shrinks and grows the tree (openmls 1794)" : undefined;
};

export const peer = {
  Member: CoreCryptoMember,
  name,
  huecryName: name,
  needsPublic: true,
  noAad: true,
  proposals: true,
  joinsExternally: true,
  knownDefect: () => undefined,
  resyncDefect,
};
