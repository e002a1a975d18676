-- Slots of this process that are in use, whatever others hold.
-- KEYS: the slots.  ARGV: pace, ahead, life of a lease in ms, leases

local ends = clock(ARGV[1], ARGV[2]) + ARGV[3]
for i = 4, #ARGV do
  redis.call('ZADD', KEYS[1], ends, ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3] / ARGV[1]))
return 1
