const fs = require('fs')
const pad = require('left-pad')

fs.mkdirSync('node_modules/.generated', { recursive: true })
fs.writeFileSync('node_modules/.generated/index.js', `module.exports = '${pad('', 3, '*')} ' + require('ms')('1h')\n`)
fs.mkdirSync('dist', { recursive: true })
fs.copyFileSync('server.js', 'dist/server.js')
console.log(`built with ${process.version}`)
