using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Satellite.Joining;
using Orrery.Testing;

namespace Orrery.Satellite.Tests.Joining;

public sealed class CertificateAgeTests
{
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    private readonly ManualTime time = new();

    /// <summary>One that lives for less than it was dated back is neither due at once, nor looked at too late.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(86_400)]
    public void Left_OfNew_IsTwoThirdsOfWhatItHolds(int seconds)
    {
        TimeSpan holds = TimeSpan.FromSeconds(seconds);
        using X509Certificate2 certificate = Issue(holds);

        CertificateAge age = CertificateAge.OfNew(certificate, time);

        Assert.Equal((holds * 2 / 3).TotalSeconds, age.Left.TotalSeconds, tolerance: 1);
        Assert.False(age.IsDue);
        time.Advance(holds * 0.7);
        Assert.True(age.IsDue);
        Assert.False(age.IsOver);
        time.Advance(holds * 0.31);
        Assert.True(age.IsOver);
    }

    /// <summary>Started anew it knows no more than what stands in it: too soon is better than too late.</summary>
    [Fact]
    public void Left_OfKeptThatIsShort_IsNothing()
    {
        using X509Certificate2 certificate = Issue(TimeSpan.FromSeconds(20));

        CertificateAge age = CertificateAge.OfKept(certificate, time);

        Assert.True(age.IsDue);
        Assert.False(age.IsOver);
    }

    private X509Certificate2 Issue(TimeSpan holds)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=satellite", key, HashAlgorithmName.SHA256).CreateSelfSigned(time.GetUtcNow() - Backdated, time.GetUtcNow() + holds);
    }
}
