-- Correct what was counted before, up or down, each correction once however often it is sent.
-- KEYS: a window, and the mark of the last correction that this process made in it
-- ARGV: pace, ahead, number of the correction, how many seconds of the server are known exactly,
--       pairs of second and amount; then pairs of age in ms and amount

local pace, now = ARGV[1], clock(ARGV[1], ARGV[2])
local key, mark, number, exact = KEYS[1], KEYS[2], tonumber(ARGV[3]), tonumber(ARGV[4])

if tonumber(redis.call('GET', mark) or '0') >= number then
  return 0
end
redis.call('SET', mark, number, 'PX', math.ceil(2 * SPAN * 1000 / pace))

local this = math.floor(now / 1000)
local _, from = total(key, this)

local function correct(second, amount)
  if second < this - SPAN then
    return 0
  end
  if amount < 0 then  -- never less than nothing
    amount = math.max(amount, -tonumber(redis.call('HGET', key, second) or '0'))
  end
  if amount ~= 0 then
    from = math.min(from, second)
    add(key, second, amount, from, pace)
  end
  return amount
end

for i = 1, exact do
  correct(tonumber(ARGV[3 + 2 * i]), tonumber(ARGV[4 + 2 * i]))
end
for i = 5 + 2 * exact, #ARGV, 2 do
  local second, amount = math.floor((now - ARGV[i]) / 1000), tonumber(ARGV[i + 1])
  local done = correct(second, amount)
  for _, near in ipairs({second - 1, second + 1}) do  -- the message itself took time
    if amount < 0 and done > amount then
      done = done + correct(near, amount - done)
    end
  end
end
return 1
