// A member of ts-mls 1.6.4, with the calls of HuecryMember. Two of its defects are bridged here and
// nowhere else: external_pub is written and read without the length that RFC 9420 gives it.
import {
  createApplicationMessage, createCommit, createGroup, createProposal, decodeMlsMessage,
  defaultCapabilities, emptyPskIndex, encodeMlsMessage, generateKeyPackage, getCiphersuiteFromName,
  getCiphersuiteImpl, joinGroup, joinGroupExternal, makePskIndex, mlsExporter, nobleCryptoProvider,
  processPrivateMessage, processPublicMessage,
} from "ts-mls";
import { createGroupInfoWithRatchetTree } from "ts-mls/createCommit.js";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { hex } from "./agent.mjs";

const SUITE = "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519";
export const cs = await getCiphersuiteImpl(getCiphersuiteFromName(SUITE), nobleCryptoProvider);

// RFC 9420 section 12.4.3.2: ExternalPub is an HPKEPublicKey, so a length goes before the key.
const csForExternalJoin = {
  ...cs,
  hpke: { ...cs.hpke, importPublicKey: (k) => cs.hpke.importPublicKey(k.length === 33 ? k.slice(1) : k) },
};

const now = BigInt(Math.floor(Date.now() / 1000));
const decode = (bytes) => decodeMlsMessage(bytes, 0)[0];

export class TsMlsMember {
  constructor(name) {
    this.name = name;
    this.kind = "ts-mls";
    this.packages = [];
    this.state_ = null;
  }
  static async make(_, name) {
    return new TsMlsMember(name);
  }
  #config(padding) {
    return { ...defaultClientConfig, paddingConfig: { kind: "alwaysPad", paddingLength: padding ?? 0 } };
  }
  async #package() {
    const credential = { credentialType: "basic", identity: new TextEncoder().encode(this.name) };
    return generateKeyPackage(credential, defaultCapabilities(),
      { notBefore: now - 3600n, notAfter: now + 2000000n }, [], cs);
  }
  async keyPackage() {
    const made = await this.#package();
    this.packages.push(made);
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: made.publicPackage });
  }
  async create(groupId) {
    const p = await this.#package();
    this.state_ = await createGroup(groupId, p.publicPackage, p.privatePackage, [], cs, this.#config());
  }
  async join(welcome) {
    const w = decode(welcome).welcome;
    let last;
    for (const p of this.packages) {
      try {
        this.state_ = await joinGroup(w, p.publicPackage, p.privatePackage, emptyPskIndex, cs,
          undefined, undefined, this.#config());
        return;
      } catch (e) {
        last = e;
      }
    }
    throw last;
  }
  #psks(ids) {
    return makePskIndex(this.state_, Object.fromEntries(ids.map((id) => [Buffer.from(id).toString("base64"), id])));
  }
  async commit({ add = [], remove = [], isPublic = false, aad = [] , psk = [] }) {
    const extraProposals = [
      ...add.map((m) => ({ proposalType: "add", add: { keyPackage: decode(m).keyPackage } })),
      ...remove.map((removed) => ({ proposalType: "remove", remove: { removed } })),
    ];
    const r = await createCommit({ state: this.state_, cipherSuite: cs, pskIndex: emptyPskIndex }, {
      wireAsPublicMessage: isPublic, extraProposals, ratchetTreeExtension: true,
      authenticatedData: new Uint8Array(aad),
    });
    this.state_ = r.newState;
    const welcome = r.welcome && encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: r.welcome });
    return { commit: encodeMlsMessage(r.commit), welcome };
  }
  async #propose(proposal, isPublic) {
    const r = await createProposal(this.state_, isPublic, proposal, cs);
    this.state_ = r.newState;
    return encodeMlsMessage(r.message);
  }
  async proposeRemove(removed, { isPublic = false } = {}) {
    return this.#propose({ proposalType: "remove", remove: { removed } }, isPublic);
  }
  async protect(text, aad, padding) {
    this.state_ = { ...this.state_, clientConfig: this.#config(padding) };
    const r = await createApplicationMessage(this.state_, text, cs, aad);
    this.state_ = r.newState;
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage: r.privateMessage });
  }
  async process(message) {
    const m = decode(message);
    if (m.wireformat === "mls_private_message") {
      const r = await processPrivateMessage(this.state_, m.privateMessage, emptyPskIndex, cs);
      this.state_ = r.newState;
      return { text: r.message ?? new Uint8Array(), aad: m.privateMessage.authenticatedData,
               removed: this.state_.groupActiveState.kind === "removedFromGroup" };
    }
    const r = await processPublicMessage(this.state_, m.publicMessage, emptyPskIndex, cs);
    this.state_ = r.newState;
    return { text: new Uint8Array(), aad: m.publicMessage.content.authenticatedData,
             removed: this.state_.groupActiveState.kind === "removedFromGroup" };
  }
  async groupInfo() {
    const s = this.state_;
    const pair = await cs.hpke.deriveKeyPair(s.keySchedule.externalSecret);
    const key = await cs.hpke.exportPublicKey(pair.publicKey);
    const extensionData = new Uint8Array([key.length, ...key]);
    const groupInfo = await createGroupInfoWithRatchetTree(s.groupContext, s.confirmationTag, s,
      s.ratchetTree, [{ extensionType: "external_pub", extensionData }], cs);
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo });
  }
  async joinExternally(groupInfo, resync) {
    const p = await this.#package();
    const r = await joinGroupExternal(decode(groupInfo).groupInfo, p.publicPackage, p.privatePackage,
      resync, csForExternalJoin, undefined, this.#config());
    this.state_ = r.newState;
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage: r.publicMessage });
  }
  async state() {
    const s = this.state_;
    const members = {};
    s.ratchetTree.forEach((n, i) => {
      if (n?.nodeType === "leaf") members[new TextDecoder().decode(n.leaf.credential.identity)] = i / 2;
    });
    return {
      epoch: Number(s.groupContext.epoch), authenticator: hex(s.keySchedule.epochAuthenticator),
      exported: hex(await mlsExporter(s.keySchedule.exporterSecret, "interop",
        new TextEncoder().encode("context"), 32, cs)),
      leaf: s.privatePath.leafIndex, members,
    };
  }
}
