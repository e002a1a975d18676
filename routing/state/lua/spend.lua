-- What was spent, each telling once however often it is sent. Returns of each purse what all have
-- spent in this period, and the ms that are left of it: 0: there is none, -1: it never ends.
-- KEYS: the mark of the last telling of this process, then purses
-- ARGV: pace, ahead, number of the telling (0: it is only asked), ms to keep the mark for, then for
--       each purse: what is told, ms left of its period if it is the first, what its teller knows
--       to be spent, ms left of that

local LATE = 2000  -- ms by which two may differ about the end of a period
local pace, mark, number = ARGV[1], KEYS[1], tonumber(ARGV[3])
local again = tonumber(redis.call('GET', mark) or '0') >= number
if not again then
  redis.call('SET', mark, number, 'PX', math.ceil(ARGV[4] / pace))
end

-- Whoever is first says when it ends.
local function put(purse, amount, left)
  local first = redis.call('EXISTS', purse) == 0
  redis.call('INCRBY', purse, amount)
  if first and tonumber(left) >= 0 then
    redis.call('PEXPIRE', purse, math.max(1, math.ceil(left / pace)))
  end
end

local answer = {}
for i = 2, #KEYS do
  local purse, at = KEYS[i], 4 * i - 4
  local amount, left, known, known_left = unpack(ARGV, at + 1, at + 4)
  local forgotten = tonumber(known) - tonumber(redis.call('GET', purse) or '0')
  local same = redis.call('PTTL', purse) * pace <= known_left + LATE  -- a later period ends later
  if forgotten > 0 and same then
    put(purse, string.format('%.0f', forgotten), known_left)
  end
  if not again and amount ~= '0' then
    put(purse, amount, left)
  end
  local life = redis.call('PTTL', purse)
  answer[#answer + 1] = redis.call('GET', purse) or '0'
  answer[#answer + 1] = life > 0 and math.ceil(life * pace) or life == -1 and -1 or 0
end
return answer
