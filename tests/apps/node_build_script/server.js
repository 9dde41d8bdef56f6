const text = require('.generated')

require('http').createServer((request, response) => response.end(`${text}\n`)).listen(process.env.PORT || 5000)
