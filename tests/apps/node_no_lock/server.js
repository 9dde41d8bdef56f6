const ms = require('ms')

require('http').createServer((request, response) => response.end(`${ms('2 days')}\n`)).listen(process.env.PORT || 5000)
