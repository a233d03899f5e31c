-- Moves all lines of the cart at KEYS[1] into the cart at KEYS[2]: the rule is Cart::merge.
-- ARGV: maximum lines, maximum quantity, time to live in ms (0: no expiry).
local from, into, ttl = KEYS[1], KEYS[2], tonumber(ARGV[3])
local lines, fresh = {}, 0
local fields = redis.call('HGETALL', from)
for i = 1, #fields, 2 do
    if fields[i] ~= '#' then
        local position, quantity, rest = fields[i + 1]:match('^(%d+) (%d+) (.+)$')
        table.insert(lines, {field = fields[i], position = tonumber(position), quantity = quantity, rest = rest})
        fresh = fresh + 1 - redis.call('HEXISTS', into, fields[i])
    end
end
if #lines == 0 then
    return {'done', redis.call('HGETALL', into)}
end
if math.max(redis.call('HLEN', into) - 1, 0) + fresh > tonumber(ARGV[1]) then
    return {'full', {}}
end

redis.call('HINCRBY', into, '#', 1)
table.sort(lines, function(a, b) return a.position < b.position end)
for _, line in ipairs(lines) do
    local held = redis.call('HGET', into, line.field)
    if held then
        local position, quantity, rest = held:match('^(%d+) (%d+) (.+)$')
        quantity = math.min(quantity + line.quantity, tonumber(ARGV[2]))
        redis.call('HSET', into, line.field, string.format('%s %d %s', position, quantity, rest))
    else
        local position = redis.call('HINCRBY', into, '#', 1)
        redis.call('HSET', into, line.field, string.format('%d %d %s', position, math.min(line.quantity, tonumber(ARGV[2])), line.rest))
    end
end
redis.call('DEL', from)
if ttl > 0 then redis.call('PEXPIRE', into, ttl) else redis.call('PERSIST', into) end
return {'done', redis.call('HGETALL', into)}
