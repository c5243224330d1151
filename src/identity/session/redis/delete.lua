local head = redis.call('GETRANGE', KEYS[1], 81, 145)
local opens = string.sub(head, 1, 32) == ARGV[1]
local opened = string.sub(head, 33, 33) == '1' and string.sub(head, 34) == ARGV[1]
if not opens and not opened then return 0 end
redis.call('ZREM', KEYS[2], ARGV[2])
return redis.call('DEL', KEYS[1])
