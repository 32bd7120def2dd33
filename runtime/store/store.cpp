#include "store/store.h"

namespace tidewire::store {

Store::Store(Executor& executor, const Clock& clock) : executor_(executor), clock_(clock) {}

}  // namespace tidewire::store
