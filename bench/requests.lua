-- What wrk sends. Arguments: a file of requests, and how many distinct secrets `{n}` stands for.
-- A line of the file is METHOD, path, token ("-": none) and body ("-": none), parted by tabs; they
-- are sent in turn. `{n}` in a path is a number drawn anew for each request.
local kMostMade = 10000 -- requests made beforehand, so that making them isn't measured
local prepared = {}
local count = 0
local size = 1

local function read_file(name)
  for line in io.lines(name) do
    local method, path, token, body = line:match("^([^\t]+)\t([^\t]+)\t([^\t]+)\t(.*)$")
    local headers = {}
    if token ~= "-" then headers["Authorization"] = "Bearer " .. token end
    if body == "-" then
      body = nil
    else
      headers["Content-Type"] = "application/json"
    end
    local whole = wrk.format(method, path, headers, body)
    local head, tail = whole:match("^(.-){n}(.*)$")
    count = count + 1
    prepared[count] = { whole = whole, head = head, tail = tail }
  end
end

function init(arguments)
  read_file(arguments[1])
  size = tonumber(arguments[2] or "1")
  math.randomseed(tonumber(arguments[3] or "1"))
  if count * size > kMostMade then return end
  for _, one in ipairs(prepared) do
    if one.head then
      one.made = {}
      for n = 0, size - 1 do one.made[n] = one.head .. n .. one.tail end
    end
  end
end

local threads = 0
function setup(thread)
  threads = threads + 1
end

local at = math.random(0, 1000)
function request()
  at = at + 1
  local chosen = prepared[at % count + 1]
  if chosen.made then return chosen.made[math.random(0, size - 1)] end
  if chosen.head then return chosen.head .. math.random(0, size - 1) .. chosen.tail end
  return chosen.whole
end

function done(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests": %d, "micros": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
    '"bad_status": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
