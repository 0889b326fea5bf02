using Orrery.Simulator.Spdy;

namespace Orrery.Simulator.Tests.Spdy;

public sealed class SpdyHeadersTests
{
    [Fact]
    public void Dictionary_HasTheChecksumThatStreamsNameItBy()
    {
        uint a = 1, b = 0;
        foreach (byte value in SpdyDictionary.Bytes.Span)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        Assert.Equal((1423, SpdyDictionary.Id), (SpdyDictionary.Bytes.Length, (b << 16) | a));
    }

    [Fact]
    public void Read_BlocksOfARealCompressor_AreWhatWasSaid()
    {
        // zlib with the dictionary, flushed after each block (Python: zlib.compressobj(zdict=…), Z_SYNC_FLUSH).
        using var headers = new SpdyHeaders();

        Assert.Equal(
            new Dictionary<string, string> { ["streamtype"] = "error", ["port"] = "8080", ["requestid"] = "0" },
            headers.Read(Convert.FromHexString(Blocks.First)));
        Assert.Equal(
            new Dictionary<string, string> { ["streamtype"] = "data", ["port"] = "8080", ["requestid"] = "0", ["content-type"] = "text/plain" },
            headers.Read(Convert.FromHexString(Blocks.Second)));
    }

    [Fact]
    public void Read_AnotherDictionary_IsRefused()
    {
        using var headers = new SpdyHeaders();

        Assert.Throws<InvalidDataException>(() => headers.Read([0x78, 0xbb, 1, 2, 3, 4, 0]));
    }

    [Fact]
    public void Read_LengthsThatCannotBe_AreRefused()
    {
        using var headers = new SpdyHeaders();

        // A stored block that announces 2^31 - 1 headers.
        Assert.Throws<InvalidDataException>(() => headers.Read([0x78, 0x01, 0, 4, 0, 0xfb, 0xff, 0x7f, 0xff, 0xff, 0xff]));
    }

    private static class Blocks
    {
        public const string First = "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff";
        public const string Second = "02c960680695438944e9452fc1b8105e07000000ffff";
    }
}
