local digest = redis.call('GETRANGE', KEYS[1], 81, 112)
-- The id to come: this was asked before, and the answer got lost.
if digest == string.sub(ARGV[2], 82, 113) then return 1 end
if digest ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
return 1
