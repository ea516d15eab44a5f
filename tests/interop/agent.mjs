// Talks with huecry's agent: one line a request, one line an answer.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const unhex = (text) => new Uint8Array(Buffer.from(text ?? "", "hex"));

export class Agent {
  constructor(program) {
    this.child = spawn(program, [String(Math.floor(Date.now() / 1000))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.waiting = [];
    createInterface({ input: this.child.stdout }).on("line", (line) => this.waiting.shift()(line));
    this.child.on("exit", (code) => {
      for (const next of this.waiting) next(`error agent ended (${code})`);
    });
  }

  async ask(verb, name, fields = {}) {
    const text = Object.entries(fields).map(([k, v]) => ` ${k}=${v}`).join("");
    const answer = new Promise((resolve) => this.waiting.push(resolve));
    this.child.stdin.write(`${verb} ${name}${text}\n`);
    const line = await answer;
    if (!line.startsWith("ok")) throw new Error(`huecry ${verb}: ${line}`);
    return Object.fromEntries(
      line.slice(3).split(" ").filter(Boolean).map((part) => {
        const at = part.indexOf("=");
        return [part.slice(0, at), part.slice(at + 1)];
      }),
    );
  }

  end() {
    this.child.stdin.end();
  }
}

// One member of huecry's, with the calls that every peer offers (see peers/*.mjs).
export class HuecryMember {
  constructor(agent, name) {
    this.agent = agent;
    this.name = name;
    this.kind = "huecry";
  }
  static async make(agent, name) {
    await agent.ask("new", name, { identity: hex(Buffer.from(name)) });
    return new HuecryMember(agent, name);
  }
  async keyPackage() {
    return unhex((await this.agent.ask("kp", this.name)).key_package);
  }
  async create(groupId) {
    await this.agent.ask("create", this.name, { group: hex(groupId) });
  }
  async join(welcome, tree) {
    await this.agent.ask("join", this.name, { welcome: hex(welcome), tree: hex(tree ?? []) });
  }
  async commit({ add = [], remove = [], path = false, isPublic = false, aad = [], padding = 0, psk = [] }) {
    const a = await this.agent.ask("commit", this.name, {
      add: add.map(hex).join(","), remove: remove.join(","), psk: psk.map(hex).join(","),
      path: path ? 1 : 0, public: isPublic ? 1 : 0, aad: hex(aad), padding,
    });
    return { commit: unhex(a.commit), welcome: a.welcome && unhex(a.welcome), tree: unhex(a.tree) };
  }
  async proposeUpdate({ isPublic = false } = {}) {
    return unhex((await this.agent.ask("propose", this.name, { public: isPublic ? 1 : 0 })).proposal);
  }
  async proposeRemove(leaf, { isPublic = false } = {}) {
    const a = await this.agent.ask("propose", this.name, { remove: leaf, public: isPublic ? 1 : 0 });
    return unhex(a.proposal);
  }
  async protect(text, aad, padding) {
    return unhex((await this.agent.ask("protect", this.name,
      { text: hex(text), aad: hex(aad), padding })).message);
  }
  async process(message) {
    const a = await this.agent.ask("process", this.name, { message: hex(message) });
    return { text: unhex(a.text), aad: unhex(a.aad), removed: a.removed === "1" };
  }
  async groupInfo() {
    return unhex((await this.agent.ask("info", this.name)).group_info);
  }
  async joinExternally(groupInfo, resync) {
    const a = await this.agent.ask("external", this.name,
      { group_info: hex(groupInfo), resync: resync ? 1 : 0 });
    return unhex(a.commit);
  }
  async state() {
    const s = await this.agent.ask("state", this.name);
    const members = {};
    for (const m of s.members.split(",")) {
      const [id, leaf] = m.split(":");
      members[Buffer.from(id, "hex").toString()] = Number(leaf);
    }
    return { epoch: Number(s.epoch), authenticator: s.authenticator, exported: s.exported,
             leaf: Number(s.leaf), members };
  }
}
