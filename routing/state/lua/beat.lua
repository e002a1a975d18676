-- This process lives. Returns how many do.
-- KEYS: the register.  ARGV: pace, ahead, ms that a word of life is good for, name

local now = clock(ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3] / ARGV[1]))
return redis.call('ZCARD', KEYS[1])
