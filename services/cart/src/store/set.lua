-- Sets the quantity of a line of the cart at KEYS[1]: the rule is Cart::set_quantity.
-- ARGV: field, quantity, milliseconds to live.
local cart, field = KEYS[1], ARGV[1]
local line = redis.call('HGET', cart, field)
if not line then
    return {'missing', {}}
end
if ARGV[2] == '0' then
    redis.call('HDEL', cart, field)
else
    local position, _, rest = line:match('^(%d+) (%d+) (.+)$')
    redis.call('HSET', cart, field, string.format('%s %d %s', position, ARGV[2], rest))
end
redis.call('PEXPIRE', cart, ARGV[3])
return {'done', redis.call('HGETALL', cart)}
