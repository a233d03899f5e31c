-- Removes the items an order purchased from the cart at KEYS[1], once per order (marker at KEYS[2]): the rule is
-- Cart::remove_purchased.
-- ARGV: retention of the marker in ms, time to live in ms (0: no expiry), then field and quantity of each product; none empties the cart.
local cart, ttl, changed = KEYS[1], tonumber(ARGV[2]), false
if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then
    return {'done', {}}
end
for i = 3, #ARGV, 2 do
    local line = redis.call('HGET', cart, ARGV[i])
    if line then
        local position, quantity, rest = line:match('^(%d+) (%d+) (.+)$')
        local left = quantity - ARGV[i + 1]
        changed = changed or left ~= tonumber(quantity)
        if left > 0 then
            redis.call('HSET', cart, ARGV[i], string.format('%s %d %s', position, left, rest))
        else
            redis.call('HDEL', cart, ARGV[i])
        end
    end
end
if #ARGV == 2 or redis.call('HLEN', cart) == 1 then
    redis.call('DEL', cart)
    return {'done', {}}
end
if changed then
    redis.call('HINCRBY', cart, '#', 1)
end
if ttl > 0 then redis.call('PEXPIRE', cart, ttl) else redis.call('PERSIST', cart) end
return {'done', {}}
