// The rows of the MLS benchmark by ts-mls: mls_peer.mjs N GROUPINFO. One line a row: its id, CPU
// milliseconds of this process (compiler and garbage collector included), bytes on the wire.
import { readFileSync } from "node:fs";
import { decodeGroupState, encodeGroupState } from "ts-mls";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { TsMlsMember } from "./ts_mls.mjs";

const n = Number(process.argv[2]);
const fullInfo = new Uint8Array(readFileSync(process.argv[3]));
const groupId = new TextEncoder().encode("bench");
const config = {
  ...defaultClientConfig,
  keyRetentionConfig: { retainKeysForGenerations: 32, retainKeysForEpochs: 0, maximumForwardRatchetSteps: 1001 },
};

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
// Each run begins with the same states: those of ts-mls are values.
async function timed(runs, members, work) {
  const before = members.map((m) => m.state_);
  const all = [];
  let out;
  for (let i = 0; i < runs; ++i) {
    members.forEach((m, k) => (m.state_ = before[k]));
    const begin = cpu();
    out = await work();
    all.push(cpu() - begin);
  }
  all.sort((a, b) => a - b);
  return { ms: all[runs >> 1], out };
}
let silent = true;
const row = (id, ms, bytes = 0) => {
  if (!silent) console.log(`${id} ${ms.toFixed(4)} ${bytes}`);
};

// Two members join from outside, where two were removed: that fills the tree again.
async function fullTree(runs) {
  const a = await TsMlsMember.make(null, "zoe");
  const joined = await timed(1, [a], () => a.joinExternally(fullInfo, false));
  row("external", joined.ms, joined.out.length);
  const b = await TsMlsMember.make(null, "yan");
  const message = await b.joinExternally(await a.groupInfo(), false);
  const seen = await timed(1, [a], () => a.process(message));
  row("external.process", seen.ms);
  await pair("full", a, b, runs);
  const c = await TsMlsMember.make(null, "xia");
  const add = await c.keyPackage();
  await commit("add_one.tree", a, b, runs, { add: [add] });
  await commit("remove_one", a, b, runs, { remove: [n - 1] });
  const saved = await timed(runs, [a], async () => encodeGroupState(a.state_));
  row("save", saved.ms, saved.out.length);
  row("load", (await timed(runs, [a], async () => decodeGroupState(saved.out, 0))).ms);
}

async function commit(id, from, to, runs, what) {
  const start = [from.state_, to.state_];
  const made = await timed(runs, [from], () => from.commit(what));
  row(id, made.ms, made.out.commit.length);
  const seen = await timed(runs, [to], () => to.process(made.out.commit));
  row(`${id.split(".")[0]}.process`, seen.ms);
  [from.state_, to.state_] = start;
}

async function pair(id, from, to, runs) {
  await commit(id, from, to, runs, {});
}

async function messages(from, to) {
  const text = new Uint8Array(1024).fill(7);
  const sent = [];
  const start = [from.state_, to.state_];
  const protect = await timed(1, [from], async () => {
    for (let i = 0; i < 20; ++i) sent.push(await from.protect(text, new Uint8Array(), 0));
  });
  row("protect", protect.ms / 20, sent[0].length);
  const unprotect = await timed(1, [to], async () => {
    for (const m of sent) await to.process(m);
  });
  row("unprotect", unprotect.ms / 20);
  [from.state_, to.state_] = start;
  let last;
  for (let i = 0; i <= 1000; ++i) last = await from.protect(new Uint8Array(), new Uint8Array(), 0);
  to.state_ = { ...to.state_, clientConfig: config };
  row("skip", (await timed(1, [to], () => to.process(last))).ms);
  [from.state_, to.state_] = start;
}

async function all(count) {
  const runs = count > 100 ? 1 : 3;
  const members = [];
  const packages = [];
  for (let i = 1; i < count; ++i) {
    members.push(await TsMlsMember.make(null, `member ${i}`));
    packages.push(await members.at(-1).keyPackage());
  }
  const a = await TsMlsMember.make(null, "ann");
  const made = await timed(runs, [a], async () => {
    await a.create(groupId);
    return a.commit({ add: packages });
  });
  row("add_all", made.ms, made.out.commit.length);
  const b = members[count >> 1];
  const join = await timed(runs, [b], () => b.join(made.out.welcome));
  row("join", join.ms, made.out.welcome.length);
  const host = await TsMlsMember.make(null, "ann");
  await host.create(groupId);
  const first = await host.commit({ add: [packages[0]] });
  await members[0].join(first.welcome);
  const rest = await host.commit({ add: packages.slice(1) });
  row("add_all.process", (await timed(runs, [members[0]], () => members[0].process(rest.commit))).ms);
  await pair("fresh", a, b, runs);
  await messages(a, b);
}

await all(6); // the compiler warms up
silent = false;
await all(n);
await fullTree(n > 100 ? 1 : 3);
