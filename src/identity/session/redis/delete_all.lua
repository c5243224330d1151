local known, ended = {}, 0
for at = 2, #KEYS do known[ARGV[at]] = KEYS[at] end
local list = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, name in ipairs(list) do
    if name ~= ARGV[1] and not known[name] then return list end
end
for _, name in ipairs(list) do
    if name ~= ARGV[1] then
        ended = ended + redis.call('DEL', known[name])
        redis.call('ZREM', KEYS[1], name)
    end
end
return ended
