local known, found = {}, { 'found' }
for at = 2, #KEYS do known[ARGV[at]] = KEYS[at] end
local list = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, name in ipairs(list) do
    if not known[name] then return list end
end
for _, name in ipairs(list) do
    local value = redis.call('GETRANGE', known[name], 0, ARGV[1])
    if value == '' then
        redis.call('ZREM', KEYS[1], name)
    else
        found[#found + 1] = name
        found[#found + 1] = value
    end
end
return found
