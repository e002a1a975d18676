-- What take.lua and correct.lua have in common: it is put before them.

local SPAN = 60  -- seconds; the oldest counts whole, as in routing/windows.py

-- The server's clock in milliseconds. `pace` and `ahead` are 1 and 0, but for tests.
local function clock(pace, ahead)
  local time = redis.call('TIME')
  return (time[1] * 1000 + time[2] / 1000) * pace + ahead
end

-- A window is a hash: a second -> what happened within it; `sum`: of them all; `from`: none is
-- older. Returns sum and from, after what is too old has been dropped.
local function total(key, second)
  local head = redis.call('HMGET', key, 'sum', 'from')
  local sum, from = tonumber(head[1] or '0'), tonumber(head[2] or second)
  local oldest = second - SPAN
  if from >= oldest then
    return sum, from
  end
  if from < oldest - SPAN - 1 then  -- whatever was written then has gone altogether
    redis.call('DEL', key)
    return 0, second
  end
  local old = {}
  for gone = from, oldest - 1 do
    old[#old + 1] = gone
  end
  for _, amount in ipairs(redis.call('HMGET', key, unpack(old))) do
    sum = sum - (tonumber(amount or '0'))
  end
  redis.call('HDEL', key, unpack(old))
  redis.call('HSET', key, 'sum', sum, 'from', oldest)
  return sum, oldest
end

local function add(key, second, amount, from, pace)
  redis.call('HINCRBY', key, second, amount)
  redis.call('HINCRBY', key, 'sum', amount)
  redis.call('HSET', key, 'from', math.min(from, second))
  redis.call('PEXPIRE', key, math.ceil((SPAN + 2) * 1000 / pace))
end
