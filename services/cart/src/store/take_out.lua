-- Takes what an order bought out of the cart at KEYS[1], unless the order remembered at KEYS[2] has done so before: the
-- rule is Cart::take_out.
-- ARGV: milliseconds to live and to remember, then field and quantity of each product bought; none for everything.
local cart = KEYS[1]
if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then
    return {'done', {}}
end
for i = 2, #ARGV, 2 do
    local line = redis.call('HGET', cart, ARGV[i])
    if line then
        local position, quantity, rest = line:match('^(%d+) (%d+) (.+)$')
        local left = quantity - ARGV[i + 1]
        if left > 0 then
            redis.call('HSET', cart, ARGV[i], string.format('%s %d %s', position, left, rest))
        else
            redis.call('HDEL', cart, ARGV[i])
        end
    end
end
if #ARGV == 1 or redis.call('HLEN', cart) == 1 then
    redis.call('DEL', cart)
else
    redis.call('PEXPIRE', cart, ARGV[1])
end
return {'done', {}}
