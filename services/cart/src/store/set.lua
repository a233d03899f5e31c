-- Sets the quantity of a line of the cart at KEYS[1]: the rule is Cart::set_quantity.
-- ARGV: field, quantity, time to live in ms (0: no expiry).
local cart, field, ttl = KEYS[1], ARGV[1], tonumber(ARGV[3])
local line = redis.call('HGET', cart, field)
if not line then
    return {'missing', {}}
end
local position, quantity, rest = line:match('^(%d+) (%d+) (.+)$')
if ARGV[2] ~= quantity then
    redis.call('HINCRBY', cart, '#', 1)
    if ARGV[2] == '0' then
        redis.call('HDEL', cart, field)
    else
        redis.call('HSET', cart, field, string.format('%s %d %s', position, ARGV[2], rest))
    end
end
if ttl > 0 then redis.call('PEXPIRE', cart, ttl) else redis.call('PERSIST', cart) end
return {'done', redis.call('HGETALL', cart)}
