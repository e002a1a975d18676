-- Leave something alone. The value is when the rest ends, by the server's clock.
-- KEYS: of the rest.  ARGV: pace, ahead, ms, 1 if an earlier rest has ended

if ARGV[4] == '1' then
  redis.call('DEL', KEYS[1])
end
local rest = tonumber(ARGV[3])
local ends = math.floor(clock(ARGV[1], ARGV[2]) + rest)
if rest > 0 and tonumber(redis.call('GET', KEYS[1]) or '0') < ends then
  redis.call('SET', KEYS[1], string.format('%.0f', ends), 'PX', math.ceil(rest / ARGV[1]))
end
return 1
