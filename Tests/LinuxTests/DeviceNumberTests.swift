import CLinux
import Linux
import Testing

@Suite struct DeviceNumberTests {
  @Test(
    "sysfs's dev attribute is parsed",
    arguments: [("259:1", 259, 1), ("8:0\n", 8, 0), ("0:4294967295", 0, 4_294_967_295)]
      as [(String, UInt32, UInt32)])
  func parsed(text: String, major: UInt32, minor: UInt32) {
    #expect(DeviceNumber(text) == DeviceNumber(major: major, minor: minor))
  }

  @Test(
    "Anything else is not a device number",
    arguments: [
      "", ":", "259", "259:", ":1", "259:1:2", "259:-1", "+259:1", " 259:1", "259:1 ", "259:1\n\n",
      "4294967296:0", "０:1",
    ])
  func refused(text: String) {
    #expect(DeviceNumber(text) == nil)
  }

  @Test(
    "major, minor and makedev are glibc's",
    arguments: [(259, 1), (8, 17), (4095, 1_048_575), (0xffff_ffff, 0xffff_ffff)]
      as [(UInt32, UInt32)])
  func roundTrip(major: UInt32, minor: UInt32) {
    let raw = clinux_makedev(major, minor)
    #expect(clinux_major(raw) == major)
    #expect(clinux_minor(raw) == minor)
  }

  @Test("A number known from stat(1): 259:1 is 0x10301")
  func known() { #expect(clinux_makedev(259, 1) == 0x10301) }
}
