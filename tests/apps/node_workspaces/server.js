const text = `${require('greeting')} ${require('ms')('1m')}`

require('http').createServer((request, response) => response.end(`${text}\n`)).listen(process.env.PORT || 5000)
