using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Tests.Requests;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData(null, AnswerShape.Object, "")]
    [InlineData("*/*", AnswerShape.Object, "")]
    [InlineData("application/*", AnswerShape.Object, "")]
    [InlineData("application/json", AnswerShape.Object, "")]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", AnswerShape.Table, "v1")]
    [InlineData("application/json;as=Table;v=v1beta1;g=meta.k8s.io", AnswerShape.Table, "v1beta1")]
    [InlineData("application/json;as=Table;v=v7;g=meta.k8s.io,application/json", AnswerShape.Object, "")]
    [InlineData("application/json;as=Chart;v=v1;g=meta.k8s.io,application/json;q=0.5", AnswerShape.Object, "")]
    [InlineData("application/json;q=0.1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", AnswerShape.Metadata, "v1")]
    public void Answer_Acceptable_IsTheBestThatCanBeMade(string? accept, AnswerShape shape, string version) =>
        Assert.Equal(new AnswerFormat(shape, version), Negotiation.Answer(accept));

    [Theory]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", BinaryForms.All, AnswerShape.Object, "", true)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", BinaryForms.Metadata, AnswerShape.Object, "", false)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", BinaryForms.None, AnswerShape.Object, "", false)]
    [InlineData("application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json", BinaryForms.All, AnswerShape.Object, "", false)]
    [InlineData("application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", BinaryForms.Metadata, AnswerShape.MetadataList, "v1", true)]
    [InlineData("application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", BinaryForms.None, AnswerShape.MetadataList, "v1", false)]
    public void Answer_ProtobufFirst_IsThatWhereThereIsSuchAForm(string accept, BinaryForms binary, AnswerShape shape, string version, bool isProtobuf) =>
        Assert.Equal(new AnswerFormat(shape, version, isProtobuf), Negotiation.Answer(accept, binary: binary));

    [Theory]
    [InlineData("application/pdf", true)]
    [InlineData("application/json;q=0", true)]
    [InlineData("application/json;as=Table;v=v1;g=example.com", false)]
    [InlineData("application/json;v=v1;g=meta.k8s.io", false)]
    public void Answer_NothingAcceptable_Is406(string accept, bool hasDetails)
    {
        StatusException refused = Assert.Throws<StatusException>(() => Negotiation.Answer(accept));

        Assert.Equal((406, StatusReason.NotAcceptable), (refused.Code, refused.Reason));
        Assert.Equal(hasDetails, refused.Status.Details is not null);
    }

    [Fact]
    public void AnswerWithoutTable_OfATableAlone_Is406AndOtherwiseTheNextThatIsAccepted()
    {
        const string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        StatusException refused = Assert.Throws<StatusException>(() => Negotiation.AnswerWithoutTable(table));

        Assert.Equal((406, StatusReason.NotAcceptable), (refused.Code, refused.Reason));
        Assert.Equal(AnswerShape.Object, Negotiation.AnswerWithoutTable(table + ", application/json").Shape);
        Assert.Equal(AnswerShape.Object, Negotiation.AnswerWithoutTable("*/*").Shape);
        Assert.Equal(AnswerShape.Object, Negotiation.AnswerWithoutTable(null).Shape);
    }

    [Theory]
    [InlineData(null, BodyFormat.Json)]
    [InlineData("application/json; charset=utf-8", BodyFormat.Json)]
    [InlineData("Application/YAML", BodyFormat.Yaml)]
    public void Body_Known_IsRead(string? type, BodyFormat format) => Assert.Equal(format, Negotiation.Body(type));

    [Fact]
    public void Body_Unknown_Is415() => Assert.Equal(415, Assert.Throws<StatusException>(() => Negotiation.Body("text/plain")).Code);

    [Theory]
    [InlineData("application/json-patch+json", PatchFormat.Json)]
    [InlineData("application/merge-patch+json", PatchFormat.Merge)]
    [InlineData("application/strategic-merge-patch+json", PatchFormat.StrategicMerge)]
    [InlineData("application/apply-patch+yaml", PatchFormat.Apply)]
    public void Patch_Known_IsRead(string type, PatchFormat format) => Assert.Equal(format, Negotiation.Patch(type, custom: false));

    [Fact]
    public void Patch_StrategicOnCustomResource_Is415() =>
        Assert.Equal(415, Assert.Throws<StatusException>(() => Negotiation.Patch("application/strategic-merge-patch+json", custom: true)).Code);

    [Fact]
    public void Patch_UnknownOnBuiltin_Is415WithUpstreamsText() =>
        Assert.Equal("415: Unsupported Media Type", Assert.Throws<StatusException>(() => Negotiation.Patch("application/weird-patch", custom: false)).Message);
}
