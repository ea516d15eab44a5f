// What the driver must know of core-crypto 10.3.0 (OpenMLS): handshakes are PublicMessages, there is
// no authenticated data, and a basic identity has the form "uuid:device@domain".
import { CoreCryptoMember } from "./core_crypto.mjs";

const name = (n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}:${(n + 1).toString(16)}@huecry.test`;

export const peer = {
  Member: CoreCryptoMember,
  name,
  huecryName: name,
  needsPublic: true,
  noAad: true,
  proposals: true,
  joinsExternally: true,
  knownDefect: () => undefined,
};
