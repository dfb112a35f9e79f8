// The precompiled header of the runtime's libraries.
#include "BasePch.h"
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
