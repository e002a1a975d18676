-- Take all that is claimed, or nothing.
-- KEYS: windows, then the slots if there are any
-- ARGV: pace, ahead, lease, its life in ms, slots wanted, slots there are, ms to wait for a slot,
--       then amount and limit of each window
-- Returns 1 or 0, ms to wait (-1: for ever), the second it counts in, the sum of each window

local pace, now = ARGV[1], clock(ARGV[1], ARGV[2])
local second = math.floor(now / 1000)
local lease, life = ARGV[3], ARGV[4]
local windows = (#ARGV - 7) / 2
local slots = KEYS[windows + 1]

-- Milliseconds until the window holds less by `over`.
local function wait_for(key, over, from)
  local seconds = {}
  for each = from, second do
    seconds[#seconds + 1] = each
  end
  for i, amount in ipairs(redis.call('HMGET', key, unpack(seconds))) do
    over = over - tonumber(amount or '0')
    if over <= 0 then
      return math.max(1, math.ceil((seconds[i] + SPAN + 1) * 1000 - now))
    end
  end
  return SPAN * 1000
end

local wait, never = 0, false
local sums, from = {}, {}
for i = 1, windows do
  local amount, limit = tonumber(ARGV[6 + 2 * i]), tonumber(ARGV[7 + 2 * i])
  sums[i], from[i] = total(KEYS[i], second)
  local over = sums[i] + amount - limit
  if amount > limit then
    never = true
  elseif over > 0 then
    wait = math.max(wait, wait_for(KEYS[i], over, from[i]))
  end
end
if slots then
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  if redis.call('ZCARD', slots) + ARGV[5] > tonumber(ARGV[6]) then
    wait = math.max(wait, tonumber(ARGV[7]))
  end
end
if never or wait > 0 then
  return {0, never and -1 or wait, second, unpack(sums)}
end

for i = 1, windows do
  local amount = tonumber(ARGV[6 + 2 * i])
  add(KEYS[i], second, amount, from[i], pace)
  sums[i] = sums[i] + amount
end
if slots then
  redis.call('ZADD', slots, now + life, lease)
  redis.call('PEXPIRE', slots, math.ceil(life / pace))
end
return {1, 0, second, unpack(sums)}
