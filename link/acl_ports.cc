#include "link/acl_ports.h"

namespace klink::link {
namespace {

using state::Effect;

class Ports final : public AclPorts {
 public:
  Ports(Executor executor, admin::Access access, state::LinkState& state, Gate& gate)
      : executor_(std::move(executor)), access_(std::move(access)), state_(state), gate_(gate) {}

  const state::StateView& view() const override { return state_.view(); }
  Status MayWrite() const override { return state_.MayDoForLink(Effect::kWriteAcls, gate_.MayWrite()); }
  Status MayWrite(const std::string& mirror) const override {
    return state_.MayDo(Effect::kWriteAcls, mirror, gate_.MayWrite());
  }
  Async<Status> Write(std::vector<state::Record> records) override { return state_.Write(std::move(records)); }
  Async<Status> Erase(std::vector<std::string> keys) override { return state_.EraseAll(std::move(keys)); }

  Async<StatusOr<std::vector<Status>>> Create(std::vector<admin::Acl> acls) override {
    CO_RETURN_IF_ERROR(Open());
    co_return co_await acls_->Create(std::move(acls));
  }
  Async<StatusOr<std::vector<Status>>> Delete(std::vector<admin::Acl> acls) override {
    CO_RETURN_IF_ERROR(Open());
    co_return co_await acls_->Delete(std::move(acls));
  }

 private:
  Status Open() {
    if (acls_) return absl::OkStatus();
    TRY(acls_, admin::Acls::Open(executor_, access_));
    return absl::OkStatus();
  }

  Executor executor_;
  admin::Access access_;
  state::LinkState& state_;
  Gate& gate_;
  std::unique_ptr<admin::Acls> acls_;  // once something is to be changed
};

}  // namespace

std::unique_ptr<AclPorts> MakeAclPorts(Executor executor, admin::Access access, state::LinkState& state, Gate& gate) {
  return std::make_unique<Ports>(std::move(executor), std::move(access), state, gate);
}

}  // namespace klink::link
