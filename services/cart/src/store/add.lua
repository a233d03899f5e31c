-- Adds a product to the cart at KEYS[1]: the rule is Cart::add.
-- ARGV: field, quantity, increment, "cents id" of a new line, maximum lines, maximum quantity, time to live in ms (0: no expiry).
local cart, field, ttl = KEYS[1], ARGV[1], tonumber(ARGV[7])
local line = redis.call('HGET', cart, field)
if line then
    local position, quantity, rest = line:match('^(%d+) (%d+) (.+)$')
    local grown = math.min(quantity + ARGV[3], tonumber(ARGV[6]))
    if grown ~= tonumber(quantity) then
        redis.call('HINCRBY', cart, '#', 1)
        redis.call('HSET', cart, field, string.format('%s %d %s', position, grown, rest))
    end
elseif redis.call('HLEN', cart) - 1 < tonumber(ARGV[5]) then
    local position = redis.call('HINCRBY', cart, '#', 1)
    redis.call('HSET', cart, field, string.format('%d %d %s', position, ARGV[2], ARGV[4]))
else
    return {'full', {}}
end
if ttl > 0 then redis.call('PEXPIRE', cart, ttl) else redis.call('PERSIST', cart) end
return {'done', redis.call('HGETALL', cart)}
