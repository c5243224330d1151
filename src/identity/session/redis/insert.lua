local value, lives, listed, name, over, forgotten = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local now, most, oldest_give_way = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'
if redis.call('EXISTS', KEYS[1]) == 1 then
    -- The same id: this was asked before, and the answer got lost.
    if redis.call('GETRANGE', KEYS[1], 81, 112) == string.sub(value, 82, 113) then return 'begun' end
    return 'taken'
end
if most > 0 then
    local known, alive, gone = {}, {}, {}
    for at = 3, #KEYS do known[ARGV[at + 7]] = KEYS[at] end
    local list = redis.call('ZRANGE', KEYS[2], 0, -1)
    for _, other in ipairs(list) do
        if not known[other] then return list end
    end
    for _, other in ipairs(list) do
        local head = redis.call('GETRANGE', known[other], 0, 48)
        if head == '' then
            gone[#gone + 1] = other
        elseif (tonumber(string.sub(head, 18, 33)) or 0) > now then
            alive[#alive + 1] = { other, tonumber(string.sub(head, 34, 49)) or 0 }
        end
    end
    if #alive >= most then
        if not oldest_give_way then return 'full' end
        table.sort(alive, function(one, other) return one[2] < other[2] end)
        for at = 1, #alive - most + 1 do
            redis.call('DEL', known[alive[at][1]])
            gone[#gone + 1] = alive[at][1]
        end
    end
    for _, other in ipairs(gone) do redis.call('ZREM', KEYS[2], other) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', forgotten)
redis.call('SET', KEYS[1], value, 'PX', lives)
redis.call('ZADD', KEYS[2], over, name)
if redis.call('PTTL', KEYS[2]) < tonumber(listed) then redis.call('PEXPIRE', KEYS[2], listed) end
return 'begun'
