// Random operations in one group of huecry's and a peer's members, from a printed seed. After each
// one all members agree on epoch, epoch authenticator, an exported secret and the list of members.
//   node drive.mjs AGENT PEER [operations] [seed]
import { Agent, HuecryMember } from "./agent.mjs";

const [, , program, peerName, operations = "300", seedText] = process.argv;
const seed = seedText ? Number(seedText) : Date.now() % 2147483647;
console.log(`${peerName}: seed ${seed}`);
const { peer } = await import(`./peer_${peerName}.mjs`);

// mulberry32
let s = seed >>> 0;
const random = () => {
  s = (s + 0x6d2b79f5) >>> 0;
  let t = s;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = (n) => Math.floor(random() * n);
const bytes = (n) => Uint8Array.from({ length: n }, () => below(256));

const agent = new Agent(program);
const limit = 10;
const done = {};     // operation and kind: how often it ran
const refused = {};  // a defect of the peer that design notes name: how often
let members = [];
let counter = 0;
let epoch = 0;

const count = (what) => (done[what] = (done[what] ?? 0) + 1);
const pick = (list = members) => list[below(list.length)];
const newMember = async (kind) => {
  const n = counter++;
  if (kind === "huecry") return HuecryMember.make(agent, peer.huecryName?.(n) ?? `h${n}`);
  const made = await peer.Member.make(agent, peer.name(n));
  // For peers that do not tell leaf indices themselves.
  made.leavesOf = async () => (await members.find((m) => m.kind === "huecry")?.state())?.members ?? {};
  return made;
};

// Another member's refusal counts against the peer only where the defect is a known one.
class KnownDefect extends Error {}
const guarded = async (member, what, call) => {
  try {
    return await call();
  } catch (e) {
    const defect = member.kind === "huecry" ? undefined : peer.knownDefect(what, e);
    if (defect === undefined) {
      e.message = `${member.kind} ${member.name}, ${what}: ${e.message}`;
      throw e;
    }
    refused[defect] = (refused[defect] ?? 0) + 1;
    throw new KnownDefect(defect);
  }
};

const spread = async (from, message, what) => {
  const rest = [];
  const lost = [];
  for (const m of members) {
    if (m === from) {
      rest.push(m);
      continue;
    }
    try {
      const got = await guarded(m, what, () => m.process(message));
      count(`${what} by ${from?.kind ?? "joiner"}, processed by ${m.kind}`);
      if (!got.removed) rest.push(m);
    } catch (e) {
      if (!(e instanceof KnownDefect)) throw e;
      lost.push(m);
    }
  }
  members = rest;
  // A peer that fell out by a defect of its own is removed by those who go on.
  for (const m of lost) await removeOne(pick(members.filter((x) => x.kind === "huecry")), m.name);
};

const commitOptions = (by) => ({ isPublic: by.alwaysPublic || peer.needsPublic || below(3) === 0,
  aad: peer.noAad && by.kind !== "huecry" ? [] : bytes(below(20)), padding: 0, path: below(2) === 0 });

// Where the peer could not follow what a removal leaves behind, someone is added first.
const makeRoom = async (by, leaves, gone) => {
  const defect = peer.removalDefect?.(leaves.filter((leaf) => leaf !== gone));
  if (defect === undefined) return;
  refused[defect] = (refused[defect] ?? 0) + 1;
  const joiner = await newMember("huecry");
  const made = await by.commit({ ...commitOptions(by), path: false, add: [await joiner.keyPackage()] });
  epoch++;
  await spread(by, made.commit, "add");
  await joiner.join(made.welcome, made.tree);
  members.push(joiner);
};

const removeOne = async (by, name) => {
  const { members: leaves } = await by.state();
  const leaf = leaves[name];
  if (leaf === undefined) return;
  await makeRoom(members.find((m) => m.kind === "huecry"), Object.values(leaves), leaf);
  const { commit } = await guarded(by, "remove", () => by.commit({ ...commitOptions(by), remove: [leaf] }));
  epoch++;
  count(`remove made by ${by.kind}`);
  await spread(by, commit, "remove");
};

const steps = {
  async add() {
    if (members.length >= limit) return;
    const by = pick();
    const joiners = [];
    for (let n = 1 + below(2); n > 0; n--) joiners.push(await newMember(random() < 0.5 ? "huecry" : "peer"));
    const add = [];
    for (const j of joiners) add.push(await j.keyPackage());
    const made = await guarded(by, "add", () => by.commit({ ...commitOptions(by), add }));
    epoch++;
    count(`add made by ${by.kind}`);
    await spread(by, made.commit, "add");
    const lost = [];
    for (const j of joiners) {
      try {
        await guarded(j, "join", () => j.join(made.welcome, made.tree));
        count(`Welcome by ${by.kind}, joined by ${j.kind}`);
        members.push(j);
      } catch (e) {
        if (!(e instanceof KnownDefect)) throw e;
        lost.push(j);
      }
    }
    for (const j of lost) await removeOne(pick(members.filter((x) => x.kind === "huecry")), j.name);
  },
  async remove() {
    if (members.length < 3) return;
    const by = pick();
    const other = pick(members.filter((m) => m !== by));
    if (!members.some((m) => m.kind === "huecry" && m !== other)) return;
    await removeOne(by, other.name);
  },
  async path() {
    const by = pick();
    const { commit } = await guarded(by, "path commit", () => by.commit({ ...commitOptions(by), path: true }));
    epoch++;
    count(`path commit made by ${by.kind}`);
    await spread(by, commit, "path commit");
  },
  async updateByReference() {
    if (members.length < 2) return;
    const from = pick(members.filter((m) => m.proposeUpdate));
    const others = members.filter((m) => m !== from);
    if (!from || others.length === 0 || !peer.proposals) return;
    const isPublic = below(2) === 0;
    const proposal = await guarded(from, "Update", () => from.proposeUpdate({ isPublic: isPublic || peer.needsPublic }));
    count(`Update made by ${from.kind}`);
    await spread(from, proposal, "Update");
    const by = pick(others.filter((m) => members.includes(m)));
    const { commit } = await guarded(by, "commit of an Update", () => by.commit(commitOptions(by)));
    epoch++;
    count(`commit of an Update made by ${by.kind}`);
    await spread(by, commit, "commit of an Update");
  },
  async removeByReference() {
    if (members.length < 4 || !peer.proposals) return;
    const from = pick(members.filter((m) => m.proposeRemove));
    const [by, gone] = members.filter((m) => m !== from).sort(() => random() - 0.5);
    if (!from) return;
    if (!members.some((m) => m.kind === "huecry" && m !== gone)) return;
    const { members: leaves } = await from.state();
    const leaf = leaves[gone.name];
    await makeRoom(members.find((m) => m.kind === "huecry"), Object.values(leaves), leaf);
    const proposal = await guarded(from, "Remove proposal", () => from.proposeRemove(leaf, { isPublic: below(2) === 0 || peer.needsPublic }));
    count(`Remove proposal made by ${from.kind}`);
    await spread(from, proposal, "Remove proposal");
    const { commit } = await guarded(by, "commit of a Remove", () => by.commit(commitOptions(by)));
    epoch++;
    count(`commit of a Remove made by ${by.kind}`);
    await spread(by, commit, "commit of a Remove");
  },
  async external() {
    if (members.length >= limit) return;
    const helper = pick(members.filter((m) => m.groupInfo && (m.hasGroupInfo?.() ?? true)));
    const joiner = await newMember(random() < 0.5 || !peer.joinsExternally ? "huecry" : "peer");
    if (!helper || (helper.kind !== "huecry" && joiner.kind !== "huecry")) return;
    const info = await guarded(helper, "group info", () => helper.groupInfo());
    let commit;
    try {
      commit = await guarded(joiner, "external join", () => joiner.joinExternally(info, false));
    } catch (e) {
      if (e instanceof KnownDefect) return;
      throw e;
    }
    epoch++;
    count(`external join by ${joiner.kind} with a GroupInfo of ${helper.kind}`);
    await spread(null, commit, `external join of ${joiner.kind}`);
    members.push(joiner);
  },
  async resync() {
    const lost = members.filter((m) => m.kind === "huecry");
    if (lost.length < 2) return;
    const who = pick(lost);
    const helper = pick(members.filter((m) => m !== who && m.groupInfo && (m.hasGroupInfo?.() ?? true)));
    if (!helper || !peer.proposals) return;
    const { members: leaves } = await who.state();
    const defect = peer.resyncDefect?.(Object.values(leaves), leaves[who.name]);
    if (defect !== undefined && members.some((m) => m.kind !== "huecry")) {
      refused[defect] = (refused[defect] ?? 0) + 1;
      return;
    }
    const info = await guarded(helper, "group info", () => helper.groupInfo());
    members = members.filter((m) => m !== who);
    const commit = await who.joinExternally(info, true);
    epoch++;
    count("resync by huecry");
    await spread(null, commit, "resync");
    members.push(who);
  },
};

const talk = async () => {
  for (const from of members) {
    if (below(2) === 0) continue;
    const text = bytes(1 + below(300));
    const aad = peer.noAad && from.kind !== "huecry" ? new Uint8Array() : bytes(below(30));
    const message = await from.protect(text, aad, below(200));
    for (const to of members) {
      if (to === from) continue;
      const got = await to.process(message);
      if (Buffer.compare(Buffer.from(got.text), Buffer.from(text)) !== 0) throw new Error(`another text from ${from.kind} ${from.name} to ${to.kind} ${to.name}: ${got.text.length} bytes, not ${text.length}`);
      if (got.aad && Buffer.compare(Buffer.from(got.aad), Buffer.from(aad)) !== 0) throw new Error("other authenticated data");
      count(`message from ${from.kind} to ${to.kind}`);
    }
  }
};

const agree = async () => {
  const names = JSON.stringify(members.map((m) => m.name).sort());
  let first;
  for (const m of members) {
    const state = await m.state();
    if (state.epoch !== epoch) throw new Error(`${m.name} is in epoch ${state.epoch}, not ${epoch}`);
    if (state.members && JSON.stringify(Object.keys(state.members).sort()) !== names)
      throw new Error(`${m.name} sees other members: ${Object.keys(state.members)} against ${names}`);
    if (state.authenticator) {
      first ??= state.authenticator;
      if (state.authenticator !== first) throw new Error(`${m.name} has another epoch authenticator`);
    }
    m.exported = state.exported;
  }
  if (new Set(members.map((m) => m.exported).filter(Boolean)).size > 1) throw new Error("exported secrets differ");
};

let failure;
try {
  const creator = await newMember(below(2) === 0 || peer.huecryCreates ? "huecry" : "peer");
  await creator.create(peer.groupId ? await peer.groupId() : bytes(16));
  epoch = (await creator.state()).epoch;
  members = [creator];
  count(`group created by ${creator.kind}`);
  await steps.add();
  const names = Object.keys(steps);
  for (let i = 0; i < Number(operations); i++) {
    const name = pick(names);
    try {
      await steps[name]();
    } catch (e) {
      if (!(e instanceof KnownDefect)) {
        e.message = `operation ${i}, ${name}: ${e.message}`;
        throw e;
      }
    }
    if (!members.some((m) => m.kind === "huecry") || !members.some((m) => m.kind !== "huecry")) await steps.add();
    await talk();
    await agree();
  }
} catch (e) {
  failure = e;
}
const ran = Object.values(done).reduce((a, b) => a + b, 0);
const not = Object.values(refused).reduce((a, b) => a + b, 0);
for (const [what, n] of Object.entries(done).sort()) console.log(`  ${what}: ${n}`);
for (const [what, n] of Object.entries(refused).sort()) console.log(`  refused by the peer, known defect: ${what}: ${n}`);
console.log(`${peerName}: ${ran} operations ran, ${not} were refused by known defects of the peer`);
agent.end();
await peer.end?.();
if (!failure && ran < 0.9 * (ran + not)) failure = new Error("fewer than 90 % of the operations ran");
if (failure) {
  console.error(`FAILED: ${failure.stack}`);
  process.exit(1);
}
process.exit(0);
