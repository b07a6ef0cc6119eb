/**
 * The Lua scripts of the Redis store.
 *
 * A record is a hash with `version`, `value` and, where it has one, `wake`. Three sorted sets lead to records: `keys`
 * (all with score 0, so that they stand in byte order), `wake` and `expiry` (by time).
 *
 * Invariant: a script reads everything it decides on before it writes anything, because Redis takes nothing back.
 */

/** KEYS: the three sets, then the records; ARGV: key, expected version, value, wake time and expiry of each. */
export const COMMIT = `
for i = 4, #KEYS do
  local found = redis.call('HGET', KEYS[i], 'version') or '0'
  if found ~= ARGV[(i - 4) * 5 + 2] then return 0 end
end
for i = 4, #KEYS do
  local at = (i - 4) * 5
  local key, version = ARGV[at + 1], string.format('%.0f', tonumber(ARGV[at + 2]) + 1)
  redis.call('HSET', KEYS[i], 'version', version, 'value', ARGV[at + 3])
  redis.call('ZADD', KEYS[1], 0, key)
  if ARGV[at + 4] == '' then
    redis.call('HDEL', KEYS[i], 'wake')
    redis.call('ZREM', KEYS[2], key)
  else
    redis.call('HSET', KEYS[i], 'wake', ARGV[at + 4])
    redis.call('ZADD', KEYS[2], ARGV[at + 4], key)
  end
  if ARGV[at + 5] == '' then
    redis.call('PERSIST', KEYS[i])
    redis.call('ZREM', KEYS[3], key)
  else
    redis.call('ZADD', KEYS[3], ARGV[at + 5], key)
    redis.call('PEXPIREAT', KEYS[i], ARGV[at + 5])
  end
end
return 1`;

/** KEYS: records; answers with version, value and wake time of each, or an empty list. */
export const READ = `
local rows = {}
for i = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[i], 'version', 'value', 'wake')
  if found[1] then rows[i] = { found[1], found[2], found[3] or '' } else rows[i] = {} end
end
return rows`;

/**
 * KEYS: the set by wake time; ARGV: prefix, latest time, how many to skip, how many to return. The whole set up to the
 * time is walked, because it also holds what other prefixes want to be woken for.
 */
export const DUE = `
local found, passed, from = {}, 0, 0
local skip, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
while #found < wanted do
  local keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', from, 1000)
  for _, key in ipairs(keys) do
    if string.sub(key, 1, #ARGV[1]) == ARGV[1] then
      passed = passed + 1
      if passed > skip and #found < wanted then found[#found + 1] = key end
    end
  end
  if #keys < 1000 then break end
  from = from + 1000
end
return found`;

/** KEYS: the set of keys; ARGV: from, to, how many. */
export const SCAN = `return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])`;

/**
 * KEYS: the three sets; ARGV: latest expiry, how many, what stands before the key in the name of a record. The names are
 * made here, and stay on this node by their hash tag.
 */
export const PURGE = `
local keys = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do
  redis.call('DEL', ARGV[3] .. key)
  redis.call('ZREM', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end
return #keys`;
