-- Empties the cart at KEYS[1] unless the order remembered at KEYS[2] has done so before.
-- ARGV: milliseconds to remember it.
if redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then
    redis.call('DEL', KEYS[1])
end
return {'done', {}}
