local head = redis.call('GETRANGE', KEYS[1], 0, 32)
if head == '' then return 0 end
local seen, over = tonumber(string.sub(head, 2, 17)), tonumber(string.sub(head, 18, 33))
if not seen or not over then return -1 end
over = math.max(over, tonumber(ARGV[2]))
redis.call('SETRANGE', KEYS[1], 1, string.format('%016.0f%016.0f', math.max(seen, tonumber(ARGV[1])), over))
local lives = over - tonumber(ARGV[1]) + tonumber(ARGV[3])
if redis.call('PTTL', KEYS[1]) < lives then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lives)) end
return 1
