// Answers which process it is; stops when told to.
const express = require('express')

const app = express()
app.get('/', (request, response) => response.type('text').send(`hello from ${process.env.DYNO || 'nowhere'}\n`))
app.get('/env/:name', (request, response) => response.type('text').send(process.env[request.params.name] || ''))

const server = app.listen(process.env.PORT || 5000, () => console.log('listening'))
process.on('SIGTERM', () => server.close())
