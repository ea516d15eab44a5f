// The client's judgement, in which everybody applies what is void. Linked before the real one.
#define judge_commit judge_commit_properly
#include "domain/verdict.cpp"  // NOLINT(bugprone-suspicious-include)
#undef judge_commit

namespace huecry::domain {

CommitVerdict judge_commit(const Self& self, const directory::State& state,
                           const CommitPlace& place, const mls::IncomingCommit& commit);

CommitVerdict judge_commit(const Self& self, const directory::State& state,
                           const CommitPlace& place, const mls::IncomingCommit& commit) {
    auto out = judge_commit_properly(self, state, place, commit);
    out.judgement = mls::Judgement::apply;
    return out;
}

}  // namespace huecry::domain
