// What the sync of ACLs needs of the link's state, and of the destination to change ACLs there. They are read through
// link/acl_list.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/acls.h"
#include "link/partition_runner.h"
#include "state/link_state.h"

namespace klink::link {

class AclPorts {
 public:
  virtual ~AclPorts() = default;
  virtual const state::StateView& view() const = 0;
  // May ACLs be written now, of the link as a whole; and as that mirror allows.
  virtual Status MayWrite() const = 0;
  virtual Status MayWrite(const std::string& mirror) const = 0;
  virtual Async<Status> Write(std::vector<state::Record> records) = 0;
  virtual Async<Status> Erase(std::vector<std::string> keys) = 0;
  // One answer each, in order.
  virtual Async<StatusOr<std::vector<Status>>> Create(std::vector<admin::Acl> acls) = 0;
  virtual Async<StatusOr<std::vector<Status>>> Delete(std::vector<admin::Acl> acls) = 0;
};

// State and gate outlive them; `access` leads to the destination.
std::unique_ptr<AclPorts> MakeAclPorts(Executor executor, admin::Access access, state::LinkState& state, Gate& gate);

}  // namespace klink::link
