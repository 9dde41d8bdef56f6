require('http').createServer((request, response) => response.end(`${process.version}\n`)).listen(process.env.PORT || 5000)
