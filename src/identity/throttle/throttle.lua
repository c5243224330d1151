-- One account or client. f: failures in the window; u: attempts under way; s: delays so far, one after the other;
-- b: when the window began; e: when the delay ends; l: when an attempt was last let in.
local what, attempts, window, longest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local read = redis.call('HMGET', KEYS[1], 'f', 'u', 's', 'b', 'e', 'l')
local f, u, s = tonumber(read[1]) or 0, tonumber(read[2]) or 0, tonumber(read[3]) or 0
local b, e, l = tonumber(read[4]) or 0, tonumber(read[5]) or 0, tonumber(read[6]) or 0

local locked = 0

local function delay()
    return math.min(window * 2 ^ math.min(math.max(s - 1, 0), 30), math.max(window, longest))
end

local over = now >= b + window
if s > 0 then over = now >= e + delay() end
if over then f, s, b, e = 0, 0, now, 0 end
if now >= l + window then u = 0 end
local limit = attempts
if s > 0 then limit = 1 end

if what == 'reserve' then
    if now < e then return e - now end
    if f + u >= limit then return -1 end
    u, l = u + 1, now
else
    u = math.max(u - 1, 0)
    if what == 'fail' then
        f = f + 1
        if f >= limit then
            f, s = 0, s + 1
            e = now + delay()
            locked = delay()
        end
    end
end
redis.call('HSET', KEYS[1], 'f', f, 'u', u, 's', s, 'b', b, 'e', e, 'l', l)
local keep = window
if s > 0 then keep = math.max(e - now, 0) + delay() end
redis.call('PEXPIRE', KEYS[1], math.ceil(keep) + 1000)
return locked
