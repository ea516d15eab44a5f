#pragma once

#include "huecry/directory/roles.hpp"

// The role under its public name: applications need nothing else of the directory.
namespace huecry {

using directory::Role;
using directory::role_from_name;

}  // namespace huecry
